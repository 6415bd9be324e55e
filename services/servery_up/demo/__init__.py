"""Two small models, from training to prediction: what `servery up --demo` runs beside the stack."""
