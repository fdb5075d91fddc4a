"""One call, from its offer to its record: screened in path, or listened to beside an agent."""
