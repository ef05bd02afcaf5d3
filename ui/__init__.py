"""The page on which a product manager inspects journeys. It holds no logic: everything goes through `assistant`."""
