"""The prompt: editing, drafts, history, attachments, completions, pastes typed as keys.

Begin with `prompt`.
"""
