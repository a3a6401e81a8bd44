//! A YAML file may break off anywhere: that is a trouble, never a panic.

const TEXT: &str = "\
on:
  push:
    permissions:
      - name: 'Checkout' # comment
        with: \"quoted \\u0041\"
        folded: >-
          one

          two
        run: |
          if [ \"$count\" -ne 0 ]; then

            - not a list
          fi
    flow: {a: [1, 2, *x], b: &x !Sub 'c', ? d : e}
...
---
? complex
: - !!str text
  - 関所: |2+
      kept

";

#[test]
fn every_beginning_of_a_file_is_read() {
    for text in [TEXT.to_owned(), TEXT.replace('\n', "\r\n"), TEXT.replace('\n', "\r")] {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            let (_, troubles) = sekisho_read::document("t.yaml", &text[..end]);
            assert!(troubles.len() < 10);
        }
        // The reader's buffer fills in steps: the end may fall on any of them.
        for pad in 0..64 {
            let padded = format!("#{}\n{}", "x".repeat(pad), text.trim_end());
            sekisho_read::document("t.yaml", &padded);
        }
    }
}

#[test]
fn a_block_scalar_may_end_the_file() {
    let text = "on:\n  push:\n    permissions:\n      - name: Checkout repository\n        with:\n        run: |\n          if [ \"$count\" -ne 0 ]; then";
    let (documents, troubles) = sekisho_read::document("t.yaml", text);
    assert_eq!((documents.len(), troubles.len()), (1, 0));
}
