"""What the pages show and do, for programs: JSON by a token with a role, described by OpenAPI."""
