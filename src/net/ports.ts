export const MAX_PORT = 65535;

/** An inclusive port range for display and for rule ids: `443`, `8000-8010`, `all`. */
export function formatPorts(ports: { readonly from: number; readonly to: number } | null): string {
  if (!ports) return "all";
  return ports.from === ports.to ? String(ports.from) : `${ports.from}-${ports.to}`;
}

/** An ICMP type and code (-1: any) for display and for rule ids: `8-0`, `3` (any code), `all`. */
export function formatIcmp(icmp: { readonly type: number; readonly code: number } | null): string {
  if (!icmp || icmp.type < 0) return "all";
  return icmp.code < 0 ? String(icmp.type) : `${icmp.type}-${icmp.code}`;
}
