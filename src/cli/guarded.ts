import { EXIT, type ExitCode, type FailureCode } from "../kernel/errors.ts";
import { jsonDocument, jsonLine } from "../reporters/jsonl.ts";
import { cutOff } from "./cut-off.ts";
import { errorDocument } from "./error-document.ts";
import { reportError } from "./report-error.ts";
import { type EndOwner, ownEnd } from "./signals.ts";

/** What a command has to say: with `--json` its document, else the text. */
export interface Answer<Document extends object> {
  readonly document: () => Document;
  readonly text: () => string | Promise<string>;
  /** Default: 0. */
  readonly exitCode?: ExitCode;
}

/** How a command answers. */
interface Form {
  readonly json?: boolean;
  /** It writes a document a line, as they come. */
  readonly follow?: boolean;
}

/**
 * Runs an action of the command line and writes its answer when all is done; a number is the exit code of one that has
 * said everything itself. What it throws, or what cuts it off, becomes a message, an exit code, and with `--json` the
 * one document on standard output.
 */
export async function guarded<Document extends object>(
  form: Form,
  action: (end: EndOwner) => Promise<Answer<Document> | number>,
): Promise<number> {
  // Standard output as it is now, whatever the action diverts.
  const write = process.stdout.write.bind(process.stdout);
  const fail = (thrown: unknown): FailureCode => {
    if (form.json) {
      const document = errorDocument(thrown);
      write(form.follow ? `${jsonLine(document)}\n` : jsonDocument(document));
    }
    return reportError(thrown);
  };
  using end = ownEnd({ lastWords: (cut) => fail(cutOff(cut, null)) });
  try {
    const answer = await action(end);
    if (typeof answer === "number") return answer;
    write(form.json ? jsonDocument(answer.document()) : await answer.text());
    return answer.exitCode ?? EXIT.ok;
  } catch (thrown) {
    return fail(thrown);
  }
}
