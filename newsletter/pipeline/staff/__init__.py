"""The accounts of staff: sign-in, invitations, roles, notices and API tokens."""
