"""Bug-finding power: builds broken on purpose, and how soon campaigns find each of them."""
