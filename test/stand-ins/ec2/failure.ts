/** An error as EC2 answers it. */
export interface Failure extends Error {
  readonly code: string;
  /** Of HTTP. */
  readonly status: number;
}

/** An error of the API, see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
export function failure(code: string, message = messages[code] ?? code, status = statuses[code] ?? 400): Failure {
  return Object.assign(new Error(message), { code, status });
}

export function isFailure(error: unknown): error is Failure {
  return error instanceof Error && "code" in error && "status" in error;
}

const statuses: Readonly<Record<string, number>> = {
  AuthFailure: 401,
  MissingAuthenticationToken: 403,
  SignatureDoesNotMatch: 403,
  UnauthorizedOperation: 403,
  DryRunOperation: 412,
  InternalError: 500,
  InternalFailure: 500,
  InsufficientInstanceCapacity: 500,
  RequestLimitExceeded: 503,
  ServiceUnavailable: 503,
  Unavailable: 503,
};

const messages: Readonly<Record<string, string>> = {
  AuthFailure: "AWS was not able to validate the provided access credentials",
  DryRunOperation: "Request would have succeeded, but DryRun flag is set.",
  InsufficientInstanceCapacity:
    "We currently do not have sufficient capacity in the Availability Zone you requested. Our system will be working " +
    "on provisioning additional capacity.",
  InternalError: "An internal error has occurred",
  RequestLimitExceeded: "Request limit exceeded.",
  UnauthorizedOperation:
    "You are not authorized to perform this operation. Encoded authorization failure message: c3RhbmQtaW4",
  Unavailable: "The service is unavailable. Please try again shortly.",
  VcpuLimitExceeded:
    "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the " +
    "specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an " +
    "adjustment to this limit.",
};
