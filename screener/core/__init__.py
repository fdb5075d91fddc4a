"""The judgement: events in, actions out. Pure: stdlib only; no clock, socket, thread or database."""
