"""What crosses our border, made safe: text, JSON and times that come in; text, files and requests that go out."""
