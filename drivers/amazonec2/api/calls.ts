import type * as sdk from "@aws-sdk/client-ec2";

/** The calls that the driver makes: parameters and answer of each. */
export interface Calls {
  readonly AuthorizeSecurityGroupIngress: [
    sdk.AuthorizeSecurityGroupIngressCommandInput,
    sdk.AuthorizeSecurityGroupIngressCommandOutput,
  ];
  readonly CancelSpotInstanceRequests: [
    sdk.CancelSpotInstanceRequestsCommandInput,
    sdk.CancelSpotInstanceRequestsCommandOutput,
  ];
  readonly CreateSecurityGroup: [sdk.CreateSecurityGroupCommandInput, sdk.CreateSecurityGroupCommandOutput];
  readonly CreateTags: [sdk.CreateTagsCommandInput, sdk.CreateTagsCommandOutput];
  readonly DeleteKeyPair: [sdk.DeleteKeyPairCommandInput, sdk.DeleteKeyPairCommandOutput];
  readonly DeleteSecurityGroup: [sdk.DeleteSecurityGroupCommandInput, sdk.DeleteSecurityGroupCommandOutput];
  readonly DeleteVolume: [sdk.DeleteVolumeCommandInput, sdk.DeleteVolumeCommandOutput];
  readonly DescribeImages: [sdk.DescribeImagesCommandInput, sdk.DescribeImagesCommandOutput];
  readonly DescribeInstanceTypes: [sdk.DescribeInstanceTypesCommandInput, sdk.DescribeInstanceTypesCommandOutput];
  readonly DescribeInstances: [sdk.DescribeInstancesCommandInput, sdk.DescribeInstancesCommandOutput];
  readonly DescribeKeyPairs: [sdk.DescribeKeyPairsCommandInput, sdk.DescribeKeyPairsCommandOutput];
  readonly DescribeRegions: [sdk.DescribeRegionsCommandInput, sdk.DescribeRegionsCommandOutput];
  readonly DescribeSecurityGroups: [sdk.DescribeSecurityGroupsCommandInput, sdk.DescribeSecurityGroupsCommandOutput];
  readonly DescribeSpotInstanceRequests: [
    sdk.DescribeSpotInstanceRequestsCommandInput,
    sdk.DescribeSpotInstanceRequestsCommandOutput,
  ];
  readonly DescribeSubnets: [sdk.DescribeSubnetsCommandInput, sdk.DescribeSubnetsCommandOutput];
  readonly DescribeVolumes: [sdk.DescribeVolumesCommandInput, sdk.DescribeVolumesCommandOutput];
  readonly DescribeVpcs: [sdk.DescribeVpcsCommandInput, sdk.DescribeVpcsCommandOutput];
  readonly GetConsoleOutput: [sdk.GetConsoleOutputCommandInput, sdk.GetConsoleOutputCommandOutput];
  readonly ImportKeyPair: [sdk.ImportKeyPairCommandInput, sdk.ImportKeyPairCommandOutput];
  readonly RebootInstances: [sdk.RebootInstancesCommandInput, sdk.RebootInstancesCommandOutput];
  readonly RunInstances: [sdk.RunInstancesCommandInput, sdk.RunInstancesCommandOutput];
  readonly StartInstances: [sdk.StartInstancesCommandInput, sdk.StartInstancesCommandOutput];
  readonly StopInstances: [sdk.StopInstancesCommandInput, sdk.StopInstancesCommandOutput];
  readonly TerminateInstances: [sdk.TerminateInstancesCommandInput, sdk.TerminateInstancesCommandOutput];
}

/** EC2 of one region, seen by one account. client.ts opens it. */
export interface Ec2 {
  /**
   * One call, with the SDK's adaptive retries for throttling; what EC2 does not see yet is the caller's to wait for.
   * @throws MachineError that says what is missing (permission, limit, capacity) and what to do; {@link codeOf} tells EC2's own code
   */
  call<N extends keyof Calls>(name: N, input: Calls[N][0]): Promise<Calls[N][1]>;
}
