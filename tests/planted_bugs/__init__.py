"""Broken builds, as data: what a campaign has to find."""
