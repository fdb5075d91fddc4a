"""What people see, in the site's language. Nothing else in the product holds a sentence for a person's eyes."""
