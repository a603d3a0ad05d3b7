/**
 * The errors of the gateway. The classes carry LiteLLM's names and statuses, so that whoever caught
 * `litellm.RateLimitError` catches the same thing here; the body they become is OpenAI's.
 */

export interface ErrorDetails {
  /** HTTP status to answer with; each class has its own default. */
  status?: number;
  /** OpenAI's `error.type`. */
  type?: string | null;
  /** The request field that is wrong, e.g. `messages[0].content`. */
  param?: string | null;
  /** Slug of the provider that answered with the error. */
  provider?: string;
  /** Model the provider was asked for. */
  model?: string;
  /** The provider's own error object, kept word for word. */
  upstream?: unknown;
  /** Headers of the provider's answer (`retry-after` among them). */
  headers?: Record<string, string>;
  /** It says nothing of the deployment: the client's own limit was reached. */
  blameless?: boolean;
  cause?: unknown;
}

export interface ErrorBody {
  error: {
    message: string;
    type: string | null;
    param: string | null;
    /** The HTTP status as a string, as LiteLLM has it. */
    code: string;
    provider_specific_fields?: Record<string, unknown>;
  };
}

/** Base of every error the gateway answers with. */
export class SluiceError extends Error {
  override name = "SluiceError";
  readonly status: number;
  readonly type: string | null;
  readonly param: string | null;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly upstream: unknown;
  readonly headers: Record<string, string>;
  readonly blameless: boolean;

  constructor(message: string, details: ErrorDetails = {}, status = 500, type: string | null = "api_error") {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status ?? status;
    this.type = details.type === undefined ? type : details.type;
    this.param = details.param ?? null;
    this.provider = details.provider;
    this.model = details.model;
    this.upstream = details.upstream;
    this.headers = details.headers ?? {};
    this.blameless = details.blameless ?? false;
  }

  /** Seconds the provider asked to wait, if it said so. */
  get retryAfter(): number | undefined {
    const value = this.headers["retry-after"];
    if (value === undefined) return undefined;
    const seconds = Number(value);
    if (Number.isFinite(seconds)) return Math.max(0, seconds);
    const date = Date.parse(value);
    return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
  }

  /** OpenAI's error body. */
  toBody(): ErrorBody {
    const body: ErrorBody = {
      error: { message: this.message, type: this.type, param: this.param, code: String(this.status) },
    };
    if (this.upstream !== null && typeof this.upstream === "object")
      body.error.provider_specific_fields = { ...this.upstream };
    return body;
  }
}

export class BadRequestError extends SluiceError {
  override name = "BadRequestError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 400, "invalid_request_error");
  }
}

export class ContextWindowExceededError extends BadRequestError {
  override name = "ContextWindowExceededError";
}

export class ContentPolicyViolationError extends BadRequestError {
  override name = "ContentPolicyViolationError";
}

/** A parameter the provider has no equal of, and `drop_params` is not set. */
export class UnsupportedParamsError extends BadRequestError {
  override name = "UnsupportedParamsError";
}

export class AuthenticationError extends SluiceError {
  override name = "AuthenticationError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 401, "authentication_error");
  }
}

export class PermissionDeniedError extends SluiceError {
  override name = "PermissionDeniedError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 403, "permission_denied_error");
  }
}

export class NotFoundError extends SluiceError {
  override name = "NotFoundError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 404, "not_found_error");
  }
}

/** No answer in time: the provider said so, or the gateway's own clock did. */
export class Timeout extends SluiceError {
  override name = "Timeout";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 408, "timeout_error");
  }
}

/** The same is being done already. */
export class ConflictError extends SluiceError {
  override name = "ConflictError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 409, "invalid_request_error");
  }
}

/** The client's body is larger than the gateway reads. */
export class RequestTooLargeError extends SluiceError {
  override name = "RequestTooLargeError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 413, "invalid_request_error");
  }
}

export class UnprocessableEntityError extends SluiceError {
  override name = "UnprocessableEntityError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 422, "invalid_request_error");
  }
}

export class RateLimitError extends SluiceError {
  override name = "RateLimitError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 429, "throttling_error");
  }
}

export class InternalServerError extends SluiceError {
  override name = "InternalServerError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 500, "internal_server_error");
  }
}

/** The provider could not be reached, or the connection broke. */
export class APIConnectionError extends SluiceError {
  override name = "APIConnectionError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 500, "api_connection_error");
  }
}

/** The provider answered with a status that has no class of its own. */
export class APIError extends SluiceError {
  override name = "APIError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 500, "api_error");
  }
}

/** The provider answered 200 with something that is not an answer. */
export class APIResponseValidationError extends SluiceError {
  override name = "APIResponseValidationError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 500, "api_error");
  }
}

/** The provider's answer is larger than may be read. It was made, and is paid for; another would be no smaller. */
export class AnswerTooLargeError extends APIResponseValidationError {}

export class BadGatewayError extends SluiceError {
  override name = "BadGatewayError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 502, "api_error");
  }
}

export class ServiceUnavailableError extends SluiceError {
  override name = "ServiceUnavailableError";
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details, 503, "service_unavailable_error");
  }
}
