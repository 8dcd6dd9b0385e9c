"""The recipe of lookmatch-parser: street photos with pixel labels in, an ONNX model with its preprocessing out."""
