"""What exists in the world, as reviewed text: companies, products, securities, relations, themes and the taxonomy."""
