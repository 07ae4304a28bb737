"""The I/O edge of sound and speech: speech sockets, model streams, the speaker, local engines."""
