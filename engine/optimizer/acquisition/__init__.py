"""What a configuration is expected to gain, and which configurations are asked about."""
