"""What trains a network, and what is measured of it by its data."""
