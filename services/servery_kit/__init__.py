"""What every service stands on. It knows gRPC and SQL; it knows no model and no deployment."""
