import fc from "fast-check";

/** Text with all in it that terminals act on or show in unequal widths. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\x1b[2J",
        "\x1b]0;t\x07",
        "\x9b1m",
        "\r\n",
        "\u202e",
        "日本",
        "👩‍👩‍👧‍👦",
        "e\u0301\u0302\u0303",
        "\ud800",
        "🇩🇪",
        "1️⃣",
      ),
    ),
  )
  .map((parts) => parts.join(""));
