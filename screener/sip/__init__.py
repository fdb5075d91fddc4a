"""The SIP edge: messages, transactions, dialogs, and the user agent that stands on pyVoIP."""
