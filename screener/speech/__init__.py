"""Recognisers behind one protocol: Vosk, sherpa-onnx, their servers, or none; and the models that they need."""
