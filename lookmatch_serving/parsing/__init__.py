"""The look parser: a bundled network labels every pixel of a picture, and garments are what it labels: mask, box, outline, confidence."""
