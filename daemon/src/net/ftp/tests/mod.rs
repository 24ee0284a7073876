//! A session against scripted servers.
