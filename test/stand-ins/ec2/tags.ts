import type * as sdk from "@aws-sdk/client-ec2";
import { failure } from "./failure.js";

/**
 * The tags that a request gives to a new thing of one type.
 * @throws Failure InvalidParameterValue for a type that the action does not make, and see {@link checkedTags}
 */
export function tagsAtBirth(
  specifications: readonly sdk.TagSpecification[] | undefined,
  type: sdk.ResourceType,
  allowed: readonly sdk.ResourceType[] = [type],
): sdk.Tag[] {
  const wrong = specifications?.find(({ ResourceType }) => !allowed.some((one) => one === ResourceType));
  if (wrong !== undefined) {
    throw failure(
      "InvalidParameterValue",
      `'${wrong.ResourceType ?? ""}' is not a valid taggable resource type for this operation.`,
    );
  }
  const ours = specifications?.filter(({ ResourceType }) => ResourceType === type) ?? [];
  return checkedTags(ours.flatMap(({ Tags = [] }) => Tags));
}

/** @throws Failure InvalidParameterValue, TagLimitExceeded; see the API's "Tag restrictions" */
export function checkedTags(tags: readonly sdk.Tag[]): sdk.Tag[] {
  const keys = new Set<string>();
  for (const { Key = "", Value = "" } of tags) {
    if (Key === "" || Key.length > 127) throw failure("InvalidParameterValue", "Tag key must be 1 to 127 characters");
    if (Value.length > 256) throw failure("InvalidParameterValue", "Tag value exceeds the maximum length of 256");
    if (/^aws:/i.test(Key)) {
      throw failure("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
    }
    if (keys.has(Key)) throw failure("InvalidParameterValue", `Duplicate tag key '${Key}' specified.`);
    keys.add(Key);
  }
  if (tags.length > 50) throw failure("TagLimitExceeded", "You have exceeded the number of tags allowed");
  return tags.map(({ Key = "", Value = "" }) => ({ Key, Value }));
}

/** Replaces tags of the same keys. */
export function mergedTags(old: readonly sdk.Tag[], more: readonly sdk.Tag[]): sdk.Tag[] {
  return checkedTags([...old.filter(({ Key }) => !more.some((tag) => tag.Key === Key)), ...more]);
}
