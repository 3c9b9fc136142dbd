"""The JSON Schema of a config: operators' editors complete from it, `check` holds
the config against it with file and line, and the code gets its defaults from it.
"""

from typing import Any

Schema = dict[str, Any]

NO_CONFIG: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
"""A config that holds nothing."""


def with_defaults(schema: Schema, config: Any) -> Any:
    """The config with the defaults of its schema where it says nothing."""
    properties = schema.get("properties")
    if properties is None or not isinstance(config, dict):
        return config
    filled = dict(config)
    for key, property_ in properties.items():
        if key not in filled and "default" in property_:
            filled[key] = property_["default"]
        if key in filled:
            filled[key] = with_defaults(property_, filled[key])
    return filled
