INSERT INTO api.keys (key_id, digest, name, scopes, rate_per_minute)
VALUES (%(key_id)s, %(digest)s, %(name)s, %(scopes)s, %(rate_per_minute)s)
