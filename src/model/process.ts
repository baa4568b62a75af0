/** What a record says of its process, so that a later resume can end it should AURA die. Nothing before there is one. */
export interface ProcessRecord {
  /** Process id on `host`; with `pidStartedAt` (kernel start time) it names one process for good. */
  readonly pid?: number;
  readonly pidStartedAt?: string;
  readonly host?: string;
  readonly bootId?: string;
  /** Identity of the workspace's folder when it was recorded: in a copy of the record it is another's. */
  readonly folder?: string;
}

const TEXT = { type: "string" } as const;

export const processFields = {
  pid: { type: "integer" },
  pidStartedAt: TEXT,
  host: TEXT,
  bootId: TEXT,
  folder: TEXT,
} as const;
