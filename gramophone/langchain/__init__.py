"""Speech for chains of LangChain: a callback handler that speaks what a chain streams.

Needs the extra `langchain`. Begin with `speaking_handler.SpeakingHandler`; the other way, a chain
as the model of a conversation, is `providers.llm.langchain`.
"""

from __future__ import annotations

from gramophone.langchain.speaking_handler import SpeakingHandler

__all__ = ["SpeakingHandler"]
