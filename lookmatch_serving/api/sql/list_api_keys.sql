SELECT key_id, name, scopes, rate_per_minute, created_at, revoked_at FROM api.keys ORDER BY created_at DESC, key_id
