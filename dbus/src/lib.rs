//! Typed proxies for `org.hayesd1`.
