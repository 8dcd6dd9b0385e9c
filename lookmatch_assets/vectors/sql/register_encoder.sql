INSERT INTO vectors.encoders (encoder_key, encoder_version, dimensions, table_name)
VALUES (%(encoder_key)s, %(encoder_version)s, %(dimensions)s, %(table_name)s)
ON CONFLICT DO NOTHING
