"""The scenarios that come with squall: one a file, found by walking this package."""
