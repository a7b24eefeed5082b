"""Codes for tests: golden ones, random ones, and a reader of their files that knows no code of the
package."""
