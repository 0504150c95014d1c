/// The interface of the certified-assets canister, as uploaders and gateways know it.
///
/// Source: github.com/dfinity/certified-assets, ic-certified-assets/assets.did.
module {
  public type Header = (Text, Text);
  public type Permission = { #Commit; #ManagePermissions; #Prepare };
  public type SetPermissions = { prepare : [Principal]; commit : [Principal]; manage_permissions : [Principal] };
  public type InitArgs = { #Init : { set_permissions : ?SetPermissions }; #Upgrade : { set_permissions : ?SetPermissions } };

  public type CreateAsset = {
    key : Text;
    content_type : Text;
    max_age : ?Nat64;
    headers : ?[Header];
    enable_aliasing : ?Bool;
    allow_raw_access : ?Bool;
  };
  public type SetAssetContent = { key : Text; content_encoding : Text; chunk_ids : [Nat]; last_chunk : ?Blob; sha256 : ?Blob };
  public type UnsetAssetContent = { key : Text; content_encoding : Text };
  public type DeleteAsset = { key : Text };
  public type SetAssetProperties = {
    key : Text;
    max_age : ??Nat64;
    headers : ??[Header];
    allow_raw_access : ??Bool;
    is_aliased : ??Bool;
  };
  public type Operation = {
    #CreateAsset : CreateAsset;
    #SetAssetContent : SetAssetContent;
    #SetAssetProperties : SetAssetProperties;
    #UnsetAssetContent : UnsetAssetContent;
    #DeleteAsset : DeleteAsset;
    #Clear : {};
  };
  public type CommitBatch = { batch_id : Nat; operations : [Operation] };
  public type Store = { key : Text; content_type : Text; content_encoding : Text; content : Blob; sha256 : ?Blob };

  public type AssetProperties = { max_age : ?Nat64; headers : ?[Header]; allow_raw_access : ?Bool; is_aliased : ?Bool };
  public type EncodingDetails = { content_encoding : Text; sha256 : ?Blob; length : Nat; modified : Int };
  public type AssetDetails = AssetProperties and { key : Text; content_type : Text; encodings : [EncodingDetails] };
  public type EncodedAsset = {
    content : Blob;
    content_type : Text;
    content_encoding : Text;
    sha256 : ?Blob;
    total_length : Nat;
  };

  public type Configuration = { max_batches : ?Nat64; max_chunks : ?Nat64; max_bytes : ?Nat64 };
  public type Configure = { max_batches : ??Nat64; max_chunks : ??Nat64; max_bytes : ??Nat64 };
  public type Validation = { #Ok : Text; #Err : Text };

  public type HttpRequest = {
    method : Text;
    url : Text;
    headers : [Header];
    body : Blob;
    certificate_version : ?Nat16;
  };
  public type StreamingToken = { key : Text; content_encoding : Text; index : Nat; sha256 : ?Blob };
  public type StreamingBody = { body : Blob; token : ?StreamingToken };
  public type StreamingCallback = shared query StreamingToken -> async StreamingBody;
  public type HttpResponse = {
    status_code : Nat16;
    headers : [Header];
    body : Blob;
    streaming_strategy : ?{ #Callback : { callback : StreamingCallback; token : StreamingToken } };
    upgrade : ?Bool;
  };
};
