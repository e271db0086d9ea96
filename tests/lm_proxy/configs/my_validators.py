def validate_api_key(api_key: str) -> str | None:
    if api_key == "secret-key":
        return "admin"
    return "users" if api_key.startswith("user-") else None
