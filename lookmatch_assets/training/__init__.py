"""The recipe that makes lookmatch-mini: data, captions, augmentation, losses, training stages. Imports no orchestrator."""
