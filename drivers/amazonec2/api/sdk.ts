import * as sdk from "@aws-sdk/client-ec2";
import type { Calls } from "./calls.js";

// All that is used of the SDK, as a file of its own, so that the bundler leaves out the other 700 calls.
export { EC2Client } from "@aws-sdk/client-ec2";
export { fromIni } from "@aws-sdk/credential-provider-ini";

type SdkCommand<Input extends sdk.ServiceInputTypes, Output extends sdk.ServiceOutputTypes> = sdk.$Command<
  Input,
  Output,
  sdk.EC2ClientResolvedConfig,
  sdk.ServiceInputTypes,
  sdk.ServiceOutputTypes
>;

/** What EC2Client.send takes for each call. */
export const commands: {
  readonly [N in keyof Calls]: new (input: Calls[N][0]) => SdkCommand<Calls[N][0], Calls[N][1]>;
} = {
  AuthorizeSecurityGroupIngress: sdk.AuthorizeSecurityGroupIngressCommand,
  CancelSpotInstanceRequests: sdk.CancelSpotInstanceRequestsCommand,
  CreateSecurityGroup: sdk.CreateSecurityGroupCommand,
  CreateTags: sdk.CreateTagsCommand,
  DeleteKeyPair: sdk.DeleteKeyPairCommand,
  DeleteSecurityGroup: sdk.DeleteSecurityGroupCommand,
  DeleteVolume: sdk.DeleteVolumeCommand,
  DescribeImages: sdk.DescribeImagesCommand,
  DescribeInstances: sdk.DescribeInstancesCommand,
  DescribeInstanceTypes: sdk.DescribeInstanceTypesCommand,
  DescribeKeyPairs: sdk.DescribeKeyPairsCommand,
  DescribeRegions: sdk.DescribeRegionsCommand,
  DescribeSecurityGroups: sdk.DescribeSecurityGroupsCommand,
  DescribeSpotInstanceRequests: sdk.DescribeSpotInstanceRequestsCommand,
  DescribeSubnets: sdk.DescribeSubnetsCommand,
  DescribeVolumes: sdk.DescribeVolumesCommand,
  DescribeVpcs: sdk.DescribeVpcsCommand,
  GetConsoleOutput: sdk.GetConsoleOutputCommand,
  ImportKeyPair: sdk.ImportKeyPairCommand,
  RebootInstances: sdk.RebootInstancesCommand,
  RunInstances: sdk.RunInstancesCommand,
  StartInstances: sdk.StartInstancesCommand,
  StopInstances: sdk.StopInstancesCommand,
  TerminateInstances: sdk.TerminateInstancesCommand,
};
