"""Where the model of acts is made: whole calls by many hands, and how it is learned from them."""
