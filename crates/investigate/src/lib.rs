//! Events to Alerts: Sigma rules over the logs AWS itself writes.
