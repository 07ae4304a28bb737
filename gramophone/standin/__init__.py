"""A server that plays the speech service from a local engine, a recording or tones."""
