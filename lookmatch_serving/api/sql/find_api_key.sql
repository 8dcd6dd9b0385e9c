SELECT key_id, digest, name, scopes, rate_per_minute FROM api.keys WHERE key_id = %(key_id)s AND revoked_at IS NULL
