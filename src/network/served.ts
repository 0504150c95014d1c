/**
 * An in-process network behind the public HTTPS interface, without a socket: what `net.fetch` answers.
 *
 * Clients judge expiries and certificates by their own clock, which is the host's: while a network is spoken to this way its time follows that clock,
 * unless it is ahead already.
 */
import type { ServedNetwork } from "../api/http/served.ts";
import type { Session } from "./session.ts";

/** How long a client of a synchronous call is kept waiting. Source: http-interface.md 1.1. */
const WAIT_MILLISECONDS = 10_000;

/** How far the network's time may be behind: queries of one moment share a certificate, which is signed once. */
const LAG_NANOS = 100_000_000n;

export function served(session: Session): ServedNetwork {
  const { core, driver, submissions, host } = session;
  return {
    get state() {
      return core.state;
    },
    platform: host.environment.platform,
    checks: host.signatureChecks,
    now() {
      const now = session.isClockStopped ? 0n : host.now();
      if (now >= core.state.timeNanos + LAG_NANOS) driver.setTime(now);
      return core.state.timeNanos;
    },
    certificate: (request) => core.certificate(request),
    query: (input) => submissions.queryNow(input),
    submit: (input) => submissions.submit(input),
    answered: (id) => Promise.race([submissions.finished(id), host.delay(WAIT_MILLISECONDS).then(() => false)]),
  };
}
