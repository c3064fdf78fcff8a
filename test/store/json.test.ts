import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeJson, parseJson } from "../../src/store/json.js";

describe("reading JSON", () => {
  it("keeps whole numbers that a double would round, and leaves all else as it is", () => {
    const text =
      '[12345678901234567890, 18446744073709551616, -9007199254740993, 9007199254740991, 0.1234567890123456, "12345678901234567890"]';
    expect(parseJson(text)).toEqual([
      12345678901234567890n,
      18446744073709551616n,
      -9007199254740993n,
      9007199254740991,
      0.1234567890123456,
      "12345678901234567890",
    ]);
  });

  it("is not misled by quotes and backslashes beside a large number", () => {
    const text = String.raw`{"a\"1234567890123456789": "\\", "b\\": 1234567890123456789, "c": "\",1234567890123456789"}`;
    expect(parseJson(text)).toEqual({
      'a"1234567890123456789': "\\",
      "b\\": 1234567890123456789n,
      c: '",1234567890123456789',
    });
  });

  it("says what is wrong without quoting the text, which may be secret", () => {
    expect(() => parseJson('{"SecretKey": "hunter2" "x"}')).toThrow(/^not valid JSON$/);
    expect(() => parseJson('{"SecretKey": hunter2}')).toThrow(/^not valid JSON$/);
    expect(() => parseJson('{"SecretKey": "hunter2')).toThrow(/^unexpected end of JSON input$/);
    expect(() => parseJson("")).toThrow(/^unexpected end of JSON input$/);
  });
});

describe("writing JSON", () => {
  it("indents by four spaces, keeps empty lists and objects short, and ends without a newline", () => {
    const value = { a: [], b: {}, c: [1, { d: null }], e: undefined };
    expect(encodeJson(value)).toBe(
      '{\n    "a": [],\n    "b": {},\n    "c": [\n        1,\n        {\n            "d": null\n        }\n    ]\n}',
    );
  });

  it("indents by what it is given", () => {
    expect(encodeJson({ a: [1], b: {} }, "\t")).toBe('{\n\t"a": [\n\t\t1\n\t],\n\t"b": {}\n}');
  });

  it("escapes what Go escapes", () => {
    expect(encodeJson("<a href='b'>&\u2028\u2029\b\f\n\t\\b\\\\f\"é\u007f")).toBe(
      String.raw`"\u003ca href='b'\u003e\u0026\u2028\u2029\u0008\u000c\n\t\\b\\\\f\"é` + '\u007f"',
    );
  });

  it("prints numbers as Go prints floats", () => {
    const numbers = [0, -0, 0.05, 1e20, 1e21, 1.5e-7, 0.000001, 5e-324, 12345678901234567890n];
    expect(numbers.map((number) => encodeJson(number))).toEqual([
      "0",
      "-0",
      "0.05",
      "100000000000000000000",
      "1e+21",
      "1.5e-7",
      "0.000001",
      "5e-324",
      "12345678901234567890",
    ]);
    expect(() => encodeJson(Number.NaN)).toThrow(RangeError);
  });

  it("can be read back, whatever the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.bigInt(), (value, big) => {
        const large = big > 2n ** 53n || big < -(2n ** 53n) ? big : Number(big);
        expect(parseJson(encodeJson({ value, large }))).toEqual({ value, large });
      }),
    );
  });
});
