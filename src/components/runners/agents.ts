import type { OutputFormat } from "./command-output.ts";

export const AGENTS = ["claude", "codex", "aider"] as const;
export type Agent = (typeof AGENTS)[number];

/** How an agent's command line is used without anybody at it. */
export interface AgentForm {
  /** The words; an agent that proposes by changing its copy of the project is allowed to, else it only answers. */
  readonly words: (edits: boolean) => readonly [string, ...string[]];
  readonly input: "stdin" | "file";
  readonly output: OutputFormat;
  readonly path?: string;
  /** Variables in which it looks for its own keys; they are let through to it. */
  readonly keys: readonly string[];
}

/** The documented forms: claude's print mode, `codex exec`, and aider's scripting. */
export const AGENT_FORMS: Readonly<Record<Agent, AgentForm>> = {
  claude: {
    words: (edits) => [
      "claude",
      "-p",
      "--output-format",
      "json",
      ...(edits ? ["--permission-mode", "acceptEdits"] : []),
    ],
    input: "stdin",
    output: "json",
    path: "result",
    keys: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"],
  },
  codex: {
    // A copy of a project is no repository. Without a prompt among its words it reads stdin.
    words: (edits) => [
      ...(["codex", "exec", "--json", "--skip-git-repo-check"] as const),
      ...["--sandbox", edits ? "workspace-write" : "read-only"],
    ],
    input: "stdin",
    output: "jsonl",
    path: "item.text",
    keys: ["OPENAI_API_KEY", "CODEX_API_KEY"],
  },
  aider: {
    words: (edits) => [
      ...([
        "aider",
        "--message-file",
        "{prompt_file}",
        "--yes-always",
        "--no-git",
        "--no-pretty",
        "--no-stream",
      ] as const),
      ...["--no-check-update", "--no-show-release-notes", "--no-detect-urls", "--no-suggest-shell-commands"],
      // Else it leaves its notes in the folder.
      ...["--chat-history-file", "/dev/null", "--input-history-file", "/dev/null"],
      ...(edits ? [] : ["--chat-mode", "ask"]),
    ],
    input: "file",
    output: "text",
    keys: ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY"],
  },
};
