"""Recognisers behind one protocol: Vosk, sherpa-onnx, or none; and the models that they need."""
