config = {
    "host": "127.0.0.1",
    "port": 8000,
    "connections": {
        "openai": {
            "api_type": "open_ai",
            "api_base": "env:PROVIDER_URL",
            "api_key": "env:OPENAI_API_KEY",
        },
        "second": {
            "api_type": "open_ai",
            "api_base": "env:PROVIDER_URL",
            "api_key": "sk-second",
        },
    },
    "routing": {"gpt*": "openai.*", "*": "second.other/model.v1"},
    "groups": {
        "admin": {"api_keys": ["ADMIN_KEY_1"], "allowed_connections": "*"},
        "users": {"api_keys": ["USER_KEY_1", "USER_KEY_2"], "allowed_connections": "openai"},
    },
}
