"""Model files of lookmatch-mini: open_clip config, weights, calibration and model card. No code."""
