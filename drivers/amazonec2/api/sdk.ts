import {
  type $Command,
  AuthorizeSecurityGroupIngressCommand,
  CancelSpotInstanceRequestsCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteKeyPairCommand,
  DeleteSecurityGroupCommand,
  DeleteVolumeCommand,
  type EC2ClientResolvedConfig,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeRegionsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  GetConsoleOutputCommand,
  ImportKeyPairCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  type ServiceInputTypes,
  type ServiceOutputTypes,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import type { Calls } from "./calls.js";

// All that is used of the SDK, as a file of its own, so that the bundler leaves out the other 700 calls.
export { EC2Client } from "@aws-sdk/client-ec2";

type SdkCommand<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = $Command<
  Input,
  Output,
  EC2ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** What EC2Client.send takes for each call. */
export const commands: {
  readonly [N in keyof Calls]: new (input: Calls[N][0]) => SdkCommand<Calls[N][0], Calls[N][1]>;
} = {
  AuthorizeSecurityGroupIngress: AuthorizeSecurityGroupIngressCommand,
  CancelSpotInstanceRequests: CancelSpotInstanceRequestsCommand,
  CreateSecurityGroup: CreateSecurityGroupCommand,
  CreateTags: CreateTagsCommand,
  DeleteKeyPair: DeleteKeyPairCommand,
  DeleteSecurityGroup: DeleteSecurityGroupCommand,
  DeleteVolume: DeleteVolumeCommand,
  DescribeImages: DescribeImagesCommand,
  DescribeInstances: DescribeInstancesCommand,
  DescribeInstanceTypes: DescribeInstanceTypesCommand,
  DescribeKeyPairs: DescribeKeyPairsCommand,
  DescribeRegions: DescribeRegionsCommand,
  DescribeSecurityGroups: DescribeSecurityGroupsCommand,
  DescribeSpotInstanceRequests: DescribeSpotInstanceRequestsCommand,
  DescribeSubnets: DescribeSubnetsCommand,
  DescribeVolumes: DescribeVolumesCommand,
  DescribeVpcs: DescribeVpcsCommand,
  GetConsoleOutput: GetConsoleOutputCommand,
  ImportKeyPair: ImportKeyPairCommand,
  RebootInstances: RebootInstancesCommand,
  RunInstances: RunInstancesCommand,
  StartInstances: StartInstancesCommand,
  StopInstances: StopInstancesCommand,
  TerminateInstances: TerminateInstancesCommand,
};
