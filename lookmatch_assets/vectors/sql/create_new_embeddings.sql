-- Where COPY brings new vectors, from which merge_embeddings takes them.
CREATE TEMPORARY TABLE new_embeddings (
    product_id text,
    market text,
    image_digest text,
    encoder_version text,
    embedding halfvec({dimensions})
) ON COMMIT DROP
