"""The look parser: a bundled network labels every pixel of a picture; garments are what it labels, with mask, box and outline."""
